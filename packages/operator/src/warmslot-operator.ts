console.log('warmslot-operator')
